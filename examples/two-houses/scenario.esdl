<?xml version="1.0" encoding="UTF-8"?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="38e9e92d-a94e-485a-a56c-29d4ec72d6cd" name="Two houses" description="Two houses with solar panels in one street of Eindhoven" esdlVersion="v2207" version="1">
  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="9bfe11c4-bd1a-4101-bfec-4b4f1900e802">
    <environmentalProfiles xsi:type="esdl:EnvironmentalProfiles" id="a3fc0e54-cffc-4651-b345-8e9cd76d0d1c" name="Weather in Eindhoven"/>
    <quantityAndUnits xsi:type="esdl:QuantityAndUnits" id="b798069d-088f-4607-97fd-52975b4be569">
      <quantityAndUnit xsi:type="esdl:QuantityAndUnitType" id="a255ba8f-8cf5-4cb0-a0c6-b15588a25d04" description="Energy in kWh per year" physicalQuantity="ENERGY" multiplier="KILO" unit="WATTHOUR" perTimeUnit="YEAR"/>
    </quantityAndUnits>
  </energySystemInformation>
  <instance xsi:type="esdl:Instance" id="1bc1d277-47cb-4287-9ef2-748546de855d" name="Summer">
    <area xsi:type="esdl:Area" id="cbb8c3dc-6454-424b-a9bb-e33305f3eab5" name="Meerhoven, Eindhoven">
      <asset xsi:type="esdl:ElectricityNetwork" id="085fea82-7b57-44a2-b588-799f476aca1a" name="Low-voltage network">
        <port xsi:type="esdl:OutPort" id="2e88b4a0-e5ba-4bff-b584-9d43f7358785" name="Out" connectedTo="7ed92e3f-3c1a-473f-bf6c-9f7c8e277d0a f673940e-b7ce-4a6b-834b-973c0dc18d77"/>
        <geometry xsi:type="esdl:Point" lat="51.4412" lon="5.4189" CRS="WGS84"/>
      </asset>
      <asset xsi:type="esdl:Building" id="99fdda24-a28d-4a19-8616-47ed935468e9" name="Huis Van Dijk" type="RESIDENTIAL" buildingYear="2004" floorArea="124.0">
        <geometry xsi:type="esdl:Point" lat="51.4414" lon="5.4192" CRS="WGS84"/>
        <asset xsi:type="esdl:EConnection" id="be746405-655c-430e-919b-9e3dda1a75e1" name="Aansluiting Van Dijk" capacity="17250.0">
          <port xsi:type="esdl:InPort" id="7ed92e3f-3c1a-473f-bf6c-9f7c8e277d0a" name="In" connectedTo="2e88b4a0-e5ba-4bff-b584-9d43f7358785"/>
          <port xsi:type="esdl:OutPort" id="438aa3ec-45e0-4ae0-801f-bc48f513d9c3" name="Out" connectedTo="851c3796-428a-45c7-9366-f2b280a1adf1"/>
        </asset>
        <asset xsi:type="esdl:ElectricityNetwork" id="09d007c3-4f9a-4746-8125-e5d8a9a72785" name="Groepenkast Van Dijk">
          <port xsi:type="esdl:InPort" id="851c3796-428a-45c7-9366-f2b280a1adf1" name="In" connectedTo="438aa3ec-45e0-4ae0-801f-bc48f513d9c3 5fc40126-5640-4a8b-a345-4aed82fd4686"/>
          <port xsi:type="esdl:OutPort" id="73854a52-99af-4fa1-980e-93970febd163" name="Out" connectedTo="7d6f2cb0-62c3-4191-8dd1-3d69984308f2"/>
        </asset>
        <asset xsi:type="esdl:PVInstallation" id="bc0ac4f2-453e-4d70-bd94-8c0ef711b07d" name="Zonnepanelen Van Dijk" type="ROOFTOP_PV" power="4400.0" inverterEfficiency="0.96" numberOfPanels="11">
          <port xsi:type="esdl:OutPort" id="5fc40126-5640-4a8b-a345-4aed82fd4686" name="Out" connectedTo="851c3796-428a-45c7-9366-f2b280a1adf1"/>
        </asset>
        <asset xsi:type="esdl:ElectricityDemand" id="7bf3f870-6f75-42e9-8b2b-d86b42382739" name="Huishouden Van Dijk">
          <port xsi:type="esdl:InPort" id="7d6f2cb0-62c3-4191-8dd1-3d69984308f2" name="In" connectedTo="73854a52-99af-4fa1-980e-93970febd163">
            <profile xsi:type="esdl:SingleValue" id="e9e3b015-275d-4301-8a7c-f0ce3bd8ce81" name="Annual consumption" value="3100.0">
              <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitReference" reference="a255ba8f-8cf5-4cb0-a0c6-b15588a25d04"/>
            </profile>
          </port>
        </asset>
      </asset>
      <asset xsi:type="esdl:Building" id="50ec307d-2d6b-4886-adc1-3c09ff273e4d" name="Huis Jürgens" type="RESIDENTIAL" buildingYear="2016" floorArea="158.0">
        <geometry xsi:type="esdl:Point" lat="51.4416" lon="5.4198" CRS="WGS84"/>
        <asset xsi:type="esdl:EConnection" id="ce07a9f8-2960-4271-9206-e0bf8ccdce60" name="Aansluiting Jürgens" capacity="17250.0">
          <port xsi:type="esdl:InPort" id="f673940e-b7ce-4a6b-834b-973c0dc18d77" name="In" connectedTo="2e88b4a0-e5ba-4bff-b584-9d43f7358785"/>
          <port xsi:type="esdl:OutPort" id="896c1f5b-5227-4411-815e-00e7ca17dcba" name="Out" connectedTo="53b5e3fa-8f72-4220-a8f4-6d459f97492b"/>
        </asset>
        <asset xsi:type="esdl:ElectricityNetwork" id="c26d1569-da3b-4b67-918a-e5e35d8242fd" name="Groepenkast Jürgens">
          <port xsi:type="esdl:InPort" id="53b5e3fa-8f72-4220-a8f4-6d459f97492b" name="In" connectedTo="896c1f5b-5227-4411-815e-00e7ca17dcba 6bfb2983-5001-4fd6-b970-1912c641f658"/>
          <port xsi:type="esdl:OutPort" id="c8bd8033-cd2d-4b50-91e2-1c37704988c9" name="Out" connectedTo="47ca5822-4877-41f7-bd31-158391f73732"/>
        </asset>
        <asset xsi:type="esdl:PVInstallation" id="69131769-ec98-4433-91a7-501056c7323a" name="Zonnepanelen Jürgens" type="ROOFTOP_PV" surfaceArea="32" panelEfficiency="0.205" inverterEfficiency="0.97" numberOfPanels="16">
          <port xsi:type="esdl:OutPort" id="6bfb2983-5001-4fd6-b970-1912c641f658" name="Out" connectedTo="53b5e3fa-8f72-4220-a8f4-6d459f97492b"/>
        </asset>
        <asset xsi:type="esdl:ElectricityDemand" id="465d5a8c-6820-4e68-b3de-8bfbbaf72c2b" name="Huishouden Jürgens">
          <port xsi:type="esdl:InPort" id="47ca5822-4877-41f7-bd31-158391f73732" name="In" connectedTo="c8bd8033-cd2d-4b50-91e2-1c37704988c9">
            <profile xsi:type="esdl:SingleValue" id="146e2adb-bedd-4cb3-a895-43a139382e9f" name="Annual consumption" value="4200.0">
              <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitReference" reference="a255ba8f-8cf5-4cb0-a0c6-b15588a25d04"/>
            </profile>
          </port>
        </asset>
      </asset>
    </area>
  </instance>
</esdl:EnergySystem>
